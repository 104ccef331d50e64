//! Fragments cut anywhere, and streams that cannot be put together.

use footbridge_powershell::message::{
    Defragmenter, Destination, FRAGMENT_HEADER_LENGTH, FragmentError, Message, MessageKind, split,
    split_stream,
};
use proptest::prelude::*;

const MAX: usize = 1 << 20;

fn fragment(object: u64, id: u64, flags: u8, blob: &[u8]) -> Vec<u8> {
    let mut bytes = object.to_be_bytes().to_vec();
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.push(flags);
    bytes.extend_from_slice(&(blob.len() as u32).to_be_bytes());
    bytes.extend_from_slice(blob);
    bytes
}

#[test]
fn one_fragment_as_it_is_laid_out() {
    assert_eq!(split(1, b"ab", 100), [fragment(1, 0, 3, b"ab")]);
    assert_eq!(
        split(7, "aä€".as_bytes(), FRAGMENT_HEADER_LENGTH + 2),
        [fragment(7, 0, 1, b"a\xc3"), fragment(7, 1, 0, b"\xa4\xe2"), fragment(7, 2, 2, b"\x82\xac")],
        "characters may be cut",
    );
    assert_eq!(split(1, b"", 100), [fragment(1, 0, 3, b"")], "an empty message is one fragment");
}

#[test]
fn streams_that_cannot_be_put_together() {
    for (stream, expected) in [
        (
            vec![fragment(1, 0, 1, b"a"), fragment(1, 2, 2, b"c")],
            FragmentError::Gap { object: 1, expected: 1, found: 2 },
        ),
        (vec![fragment(1, 3, 1, b"a")], FragmentError::Gap { object: 1, expected: 0, found: 3 }),
        (vec![fragment(1, 1, 2, b"a")], FragmentError::NoStart { object: 1, found: 1 }),
        (vec![fragment(1, 0, 1, b"a"), fragment(1, 0, 1, b"a")], FragmentError::Restart { object: 1 }),
        ((0..9).map(|object| fragment(object, 0, 1, b"a")).collect(), FragmentError::Many { max: 8 }),
        (vec![fragment(1, 0, 1, &[0; 60]), fragment(1, 1, 2, &[0; 60])], FragmentError::Long { max: 100 }),
        (vec![fragment(1, 0, 1, &[0; 60]), fragment(2, 0, 1, &[0; 60])], FragmentError::Long { max: 100 }),
    ] {
        let mut defragmenter = Defragmenter::new(100);
        assert_eq!(defragmenter.push(&stream.concat()), Err(expected.clone()));
        assert_eq!(defragmenter.push(&fragment(9, 0, 3, b"x")), Err(expected), "an error stays");
        assert!(!defragmenter.is_clean());
    }
}

#[test]
fn a_length_that_nobody_could_send_is_refused_at_once() {
    let mut header = fragment(1, 0, 3, b"");
    header[17..21].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(Defragmenter::new(100).push(&header), Err(FragmentError::Long { max: 100 }));
}

#[test]
fn a_cut_stream_is_not_clean() {
    let stream = split(1, &[7; 50], 40).concat();
    for cut in 1..stream.len() {
        let mut defragmenter = Defragmenter::new(MAX);
        assert_eq!(defragmenter.push(&stream[..cut]), Ok(Vec::new()), "cut at {cut}");
        assert!(!defragmenter.is_clean(), "cut at {cut}");
        assert_eq!(defragmenter.push(&stream[cut..]), Ok(vec![vec![7; 50]]), "cut at {cut}");
        assert!(defragmenter.is_clean());
    }
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        fragment_max in FRAGMENT_HEADER_LENGTH + 1..120,
        step in 1usize..90,
    ) {
        let fragments: Vec<Vec<u8>> = messages
            .iter()
            .enumerate()
            .flat_map(|(object, message)| split(object as u64, message, fragment_max))
            .collect();
        prop_assert!(fragments.iter().all(|one| one.len() <= fragment_max));
        let stream = fragments.concat();
        prop_assert_eq!(split_stream(&stream), fragments.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let mut defragmenter = Defragmenter::new(MAX);
        let mut whole = Vec::new();
        for part in stream.chunks(step) {
            whole.extend(defragmenter.push(part).unwrap());
        }
        prop_assert!(defragmenter.is_clean());
        prop_assert_eq!(whole, messages);
    }

    #[test]
    fn any_bytes_are_put_together_or_refused(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
        let mut defragmenter = Defragmenter::new(1000);
        for part in parts {
            for message in defragmenter.push(&part).unwrap_or_default() {
                prop_assert!(message.len() <= 1000);
                let _ = Message::read(&message);
            }
        }
    }

    #[test]
    fn nearly_right_fragments_are_put_together_or_refused(
        parts in prop::collection::vec((0u64..3, 0u64..3, 0u8..4, prop::collection::vec(any::<u8>(), 0..40)), 0..20),
    ) {
        let mut defragmenter = Defragmenter::new(60);
        for (object, id, flags, blob) in parts {
            for message in defragmenter.push(&fragment(object, id, flags, &blob)).unwrap_or_default() {
                prop_assert!(message.len() <= 60);
            }
        }
    }

    #[test]
    fn headers_survive(pool: u128, pipeline: u128, number: u32, data in prop::collection::vec(any::<u8>(), 0..50)) {
        prop_assume!(!data.starts_with("\u{feff}".as_bytes()));
        let pipeline = uuid::Uuid::from_u128(pipeline);
        let message = Message {
            destination: Destination::Client,
            kind: MessageKind::from_number(number),
            pool: uuid::Uuid::from_u128(pool),
            pipeline: (!pipeline.is_nil()).then_some(pipeline),
            data,
        };
        prop_assert_eq!(Message::read(&message.write()), Ok(message));
    }
}
