//! Names of the algorithms with which certificates are signed, and which of them are broken.

const NAMES: [(&str, &str); 17] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.3.14.3.2.29", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.10040.4.3", "dsa-with-SHA1"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
];

/// The name, or the object identifier where it has none here.
pub(crate) fn signature_name(id: &str) -> String {
    NAMES.iter().find(|(known, _)| *known == id).map_or_else(|| id.to_owned(), |(_, name)| (*name).to_owned())
}

/// The hash that nobody should rely on any more, if the algorithm uses one.
pub(crate) fn broken_hash(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    [("md2", "MD2"), ("md5", "MD5"), ("sha1", "SHA-1")]
        .into_iter()
        .find(|(part, _)| name.split(['-', 'w']).any(|word| word == *part))
        .map(|(_, shown)| shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_hashes_are_known_by_name() {
        for (id, broken) in [
            ("1.2.840.113549.1.1.5", Some("SHA-1")),
            ("1.2.840.113549.1.1.4", Some("MD5")),
            ("1.2.840.10045.4.1", Some("SHA-1")),
            ("1.2.840.113549.1.1.11", None),
            ("1.3.101.112", None),
            ("1.2.3", None),
        ] {
            assert_eq!(broken_hash(&signature_name(id)), broken, "{id}");
        }
    }
}
