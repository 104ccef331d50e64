//! A plain mutator, for where libFuzzer is not: deterministic by seed, blind to coverage.

/// Xorshift: enough chance for choosing bytes, and the same on every machine.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap_or_default()
    }
}

/// Lengths, ends and marks that parsers trip over.
const TOKENS: [&[u8]; 16] = [
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x80",
    b"\x7f",
    b"<",
    b"</",
    b"<Obj RefId=\"0\">",
    b"&#x0;",
    b"_x0000_",
    b"\"",
    b"\\",
    b",",
    b".",
    b"=",
    b"{\"",
];

/// A changed copy of one of the inputs, at most `length_max` bytes long.
pub fn mutated(inputs: &[Vec<u8>], chance: &mut Chance, length_max: usize) -> Vec<u8> {
    let mut bytes = inputs[chance.below(inputs.len())].clone();
    for _ in 0..=chance.below(6) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(64)).min(bytes.len());
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(chance.below(256)).unwrap_or_default(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].repeat(1 + chance.below(8));
                bytes.splice(at..at, again);
            }
            4 => {
                let token = TOKENS[chance.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            5 => {
                let other = &inputs[chance.below(inputs.len())];
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(256)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(length_max);
    bytes
}
