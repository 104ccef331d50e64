//! openssl judges what footbridge reads out of certificates, and makes the files that are none.

#![allow(clippy::unwrap_used, reason = "what helps a test fails as the test does")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use model::Timestamp;
use tempfile::TempDir;
use x509::{Facts, Form, SelfSignature};

use crate::install;

/// How a certificate of the corpus is made: a name, the kind of key, its subject, days to live, and what else.
const CERTIFICATES: &[(&str, &[&str], &str, &str, &[&str])] = &[
    ("plain", &["rsa:2048"], "/CN=Microsoft Exchange Server Auth Certificate", "1825", &[]),
    ("weak", &["rsa:1024"], "/CN=weak", "30", &[]),
    ("strong", &["rsa:4096"], "/CN=strong/O=Contoso/C=DE", "30", &["-sha512"]),
    ("odd-length", &["rsa:2056"], "/CN=odd", "30", &["-sha384"]),
    ("sha1", &["rsa:2048"], "/CN=old hash", "30", &["-sha1"]),
    ("p256", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "/CN=p256", "30", &[]),
    ("p384", &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "/CN=p384", "30", &["-sha384"]),
    ("p521", &["ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "/CN=p521", "30", &[]),
    ("ed25519", &["ed25519"], "/CN=ed25519", "30", &[]),
    ("ed448", &["ed448"], "/CN=ed448", "30", &[]),
    ("pss-key", &["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "/CN=pss key", "30", &[]),
    (
        "pss-signature",
        &["rsa:2048"],
        "/CN=pss",
        "30",
        &["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
    ),
    ("comma", &["rsa:2048"], "/O=Contoso, Ltd. \\+ Sons/CN=a,b=c ", "30", &[]),
    ("control", &["rsa:2048"], "/CN=first\nsecond\u{1b}[2J", "30", &["-utf8"]),
    ("unicode", &["rsa:2048"], "/CN=Zürich – 東京 – 🌉/O=Ωmega", "30", &["-utf8"]),
    ("bidi", &["rsa:2048"], "/CN=exe\u{202e}cod.txt\u{200b}", "30", &["-utf8"]),
    ("year-2051", &["rsa:2048"], "/CN=2051", "9300", &[]),
    ("year-9999", &["rsa:2048"], "/CN=9999", "2911000", &[]),
    ("empty-subject", &["rsa:2048"], "/", "30", &[]),
];

#[test]
fn facts_are_what_openssl_says() {
    install::debian("openssl", &["openssl"]);
    let folder = corpus();
    let mut compared = 0;
    for (name, ..) in CERTIFICATES {
        let pem = folder.path().join(format!("{name}.pem"));
        let der = folder.path().join(format!("{name}.der"));
        done(folder.path(), &["x509", "-in", &path(&pem), "-outform", "DER", "-out", &path(&der)]);
        let bytes = fs::read(&der).unwrap();
        let facts = x509::inspect(&bytes).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        compared += compare(name, &facts, folder.path(), &pem);

        let text = String::from_utf8(fs::read(&pem).unwrap()).unwrap();
        let base64: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(text.bytes().flat_map(|byte| [byte, 0])).collect();
        let verbose = done(folder.path(), &["x509", "-in", &path(&pem), "-text"]).stdout;
        for (form, written) in [
            (Form::Der, bytes.clone()),
            (Form::Pem, text.clone().into_bytes()),
            (Form::Pem, text.replace('\n', "\r\n").into_bytes()),
            (Form::Pem, utf16),
            (Form::Pem, verbose),
            (Form::Base64, base64.into_bytes()),
        ] {
            let read = x509::read(&written).unwrap_or_else(|problem| panic!("{name} as {form:?}: {problem}"));
            assert_eq!((&read.facts, &read.der, read.form), (&facts, &bytes, form), "{name}");
            compared += 1;
        }
    }
    println!("certificates: {}, comparisons with openssl: {compared}", CERTIFICATES.len());
}

#[test]
fn self_signatures_are_what_openssl_says() {
    install::debian("openssl", &["openssl"]);
    let folder = corpus();
    let at = folder.path();
    for (name, ..) in CERTIFICATES {
        let certificate = at.join(format!("{name}.pem"));
        let facts = x509::read(&fs::read(&certificate).unwrap()).unwrap().facts;
        assert!(verified(at, &certificate), "{name}: openssl made it and does not believe it");
        match facts.self_signature {
            SelfSignature::So => {}
            // What cannot be checked here says so, and never that it is wrong.
            SelfSignature::CannotCheck(_) => assert!(
                ["weak", "sha1", "p521", "ed448", "pss-key", "pss-signature"].contains(name),
                "{name}: {:?}",
                facts.self_signature
            ),
            SelfSignature::NotSo(why) => panic!("{name}: {why}"),
        }
    }

    // The last byte is part of the signature.
    let mut bytes = fs::read(at.join("plain.pem")).map(|pem| x509::read(&pem).unwrap().der).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(at.join("forged.der"), &bytes).unwrap();
    done(at, &["x509", "-inform", "DER", "-in", "forged.der", "-out", "forged.pem"]);
    assert!(!verified(at, &at.join("forged.pem")));
    assert!(matches!(x509::inspect(&bytes).unwrap().self_signature, SelfSignature::NotSo(_)));

    done(
        at,
        &[
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr",
            "-subj", "/CN=leaf",
        ],
    );
    let signed =
        ["x509", "-req", "-in", "leaf.csr", "-CA", "plain.pem", "-CAkey", "plain.key", "-out", "leaf.pem"];
    done(at, &signed);
    let leaf = x509::read(&fs::read(at.join("leaf.pem")).unwrap()).unwrap().facts;
    assert!(matches!(leaf.self_signature, SelfSignature::NotSo(_)));
    assert_eq!((leaf.subject.as_str(), leaf.self_signed()), ("CN=leaf", false));
}

#[test]
fn what_is_no_certificate_is_refused_as_what_it_is() {
    install::debian("openssl", &["openssl"]);
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    for line in [
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out one.pem -days 30 -subj /CN=one",
        "req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 30 -subj /CN=other",
        "x509 -in one.pem -outform DER -out one.der",
        "pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out pkcs8.der",
        "pkcs8 -topk8 -in key.pem -passout pass:x -out encrypted.pem",
        "pkcs8 -topk8 -in key.pem -passout pass:x -outform DER -out encrypted.der",
        "rsa -in key.pem -traditional -out pkcs1.pem",
        "rsa -in key.pem -traditional -outform DER -out pkcs1.der",
        "rsa -in key.pem -traditional -aes128 -passout pass:x -out pkcs1-encrypted.pem",
        "ecparam -name prime256v1 -genkey -noout -out sec1.pem",
        "ec -in sec1.pem -outform DER -out sec1.der",
        "rsa -in key.pem -pubout -out public.pem",
        "rsa -in key.pem -pubout -outform DER -out public.der",
        "rsa -in key.pem -RSAPublicKey_out -outform DER -out public-pkcs1.der",
        "req -new -key key.pem -subj /CN=request -out request.pem",
        "req -in request.pem -outform DER -out request.der",
        "crl2pkcs7 -nocrl -certfile one.pem -out container.p7b",
        "crl2pkcs7 -nocrl -certfile one.pem -outform DER -out container.p7c",
        "pkcs12 -export -in one.pem -inkey key.pem -passout pass:x -out container.pfx",
        "dhparam -dsaparam -out parameters.pem 1024",
    ] {
        done(at, &line.split(' ').collect::<Vec<_>>());
    }
    fs::write(at.join("index.txt"), "").unwrap();
    let settings =
        "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\n";
    fs::write(at.join("ca.conf"), settings).unwrap();
    done(
        at,
        &[
            "ca", "-config", "ca.conf", "-gencrl", "-keyfile", "key.pem", "-cert", "one.pem", "-out",
            "list.pem",
        ],
    );
    done(at, &["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"]);

    for (file, said) in [
        ("key.pem", "private key"),
        ("pkcs8.der", "private key (PKCS#8)"),
        ("encrypted.pem", "encrypted private key"),
        ("encrypted.der", "encrypted private key"),
        ("pkcs1.pem", "private key"),
        ("pkcs1.der", "private key (PKCS#1)"),
        ("pkcs1-encrypted.pem", "private key"),
        ("sec1.pem", "private key"),
        ("sec1.der", "private key (SEC 1"),
        ("public.pem", "public key"),
        ("public.der", "public key"),
        ("public-pkcs1.der", "public key"),
        ("request.pem", "request"),
        ("request.der", "request"),
        ("container.p7b", "PKCS#7"),
        ("container.p7c", "PKCS#7"),
        ("container.pfx", "PKCS#12"),
        ("list.pem", "revocation list"),
        ("list.der", "revocation list"),
        ("parameters.pem", "not a certificate"),
    ] {
        let bytes = fs::read(at.join(file)).unwrap();
        assert!(
            !takes(at, &bytes, "PEM") && !takes(at, &bytes, "DER"),
            "{file}: openssl takes it for a certificate"
        );
        let problem = x509::read(&bytes).map(|_| ()).expect_err(file).to_string();
        assert!(problem.contains(said), "{file}: {said:?} is not in {problem:?}");
    }

    // Where openssl reads the first certificate and is content, footbridge is stricter: the hash would name something else.
    let (one, other) = (fs::read(at.join("one.pem")).unwrap(), fs::read(at.join("other.pem")).unwrap());
    let (key, der) = (fs::read(at.join("key.pem")).unwrap(), fs::read(at.join("one.der")).unwrap());
    for (bytes, form, said) in [
        ([one.clone(), other].concat(), "PEM", "more than one certificate"),
        ([key.clone(), one.clone()].concat(), "PEM", "private key"),
        ([one, key].concat(), "PEM", "private key"),
        ([der.clone(), vec![0]].concat(), "DER", "1 bytes after"),
        ([der.clone(), der.clone()].concat(), "DER", "more than one certificate"),
    ] {
        assert!(takes(at, &bytes, form), "{said}: openssl is as strict by now; say so here");
        let problem = x509::read(&bytes).map(|_| ()).expect_err(said).to_string();
        assert!(problem.contains(said), "{said:?} is not in {problem:?}");
    }
    for length in [0, 1, 2, 100, der.len() - 1] {
        assert!(!takes(at, &der[..length], "DER"));
        assert!(x509::read(&der[..length]).is_err(), "the first {length} bytes");
    }
}

/// Compares each fact with what openssl prints. Gives how many were compared.
fn compare(name: &str, facts: &Facts, at: &Path, pem: &Path) -> usize {
    let file = path(pem);
    let ask = |arguments: &[&str]| {
        let all = [&["x509", "-in", &file, "-noout"], arguments].concat();
        let answer = String::from_utf8(done(at, &all).stdout).unwrap();
        answer.trim_end_matches('\n').to_owned()
    };
    let after = |text: String, mark: char| text.split_once(mark).map(|(_, rest)| rest.to_owned()).unwrap();
    assert_eq!(facts.sha1, after(ask(&["-fingerprint", "-sha1"]), '=').replace(':', ""), "{name}");
    assert_eq!(facts.sha256, after(ask(&["-fingerprint", "-sha256"]), '=').replace(':', ""), "{name}");
    let serial = after(ask(&["-serial"]), '=');
    assert_eq!(facts.serial.trim_start_matches('0'), serial.trim_start_matches('0'), "{name}");
    for (option, moment) in [("-startdate", facts.not_before), ("-enddate", facts.not_after)] {
        let theirs = after(ask(&[option, "-dateopt", "iso_8601"]), '=').replacen(' ', "T", 1);
        assert_eq!(Some(moment), Timestamp::parse_rfc3339(&theirs), "{name}: {theirs}");
    }

    let text = ask(&["-text", "-certopt", "no_extensions,no_sigdump"]);
    let bits = text.lines().find_map(|line| line.split_once("Public-Key: (")).map(|(_, rest)| rest);
    let bits = bits.and_then(|rest| rest.split(' ').next()).and_then(|bits| bits.parse().ok());
    let kind = text.lines().find_map(|line| line.trim().strip_prefix("Public Key Algorithm: ")).unwrap();
    let (kind, bits) = match kind {
        "rsaEncryption" => ("rsa", bits),
        "rsassaPss" => ("rsa-pss", bits),
        "id-ecPublicKey" => ("ec", bits),
        // openssl prints no size for these.
        "ED25519" => ("ed25519", Some(256)),
        "ED448" => ("ed448", Some(456)),
        other => panic!("{name}: openssl knows a key of kind {other}"),
    };
    assert_eq!((facts.key_algorithm.as_str(), Some(facts.key_bits)), (kind, bits), "{name}");
    let curve = text.lines().find_map(|line| line.trim().strip_prefix("NIST CURVE: ")).unwrap_or_default();
    assert_eq!(facts.key_curve, curve, "{name}");
    let algorithm = text.lines().find_map(|line| line.trim().strip_prefix("Signature Algorithm: ")).unwrap();
    let same = |one: &str| one.to_ascii_lowercase().replace(['-', '_'], "");
    assert_eq!(same(&facts.signature_algorithm), same(algorithm), "{name}");

    let hidden = |other: char| {
        other.is_control() || matches!(other, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    assert!(!facts.subject.contains(hidden), "{name}: {:?} reaches a terminal", facts.subject);
    let plain = ["control", "bidi"].iter().all(|one| one != &name);
    if plain {
        let options = "utf8,esc_2253,sep_comma_plus_space,sname";
        let theirs = ask(&["-subject", "-nameopt", options]);
        let theirs = theirs.strip_prefix("subject=").unwrap();
        // An equals sign need not be escaped inside of a value, and may be.
        assert_eq!(facts.subject.replace("\\=", "="), theirs, "{name}");
    }
    9 + usize::from(plain)
}

/// The certificates of the table, as PEM, with their keys.
fn corpus() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, key, subject, days, more) in CERTIFICATES {
        let (key_file, file) = (format!("{name}.key"), format!("{name}.pem"));
        let fixed = ["req", "-x509", "-nodes", "-newkey"];
        let named = ["-keyout", &key_file, "-out", &file, "-subj", subject, "-days", days];
        done(folder.path(), &[&fixed[..], key, &named, more].concat());
    }
    folder
}

/// Whether openssl believes that a certificate is signed with its own key.
fn verified(at: &Path, pem: &Path) -> bool {
    // The security level refuses short keys and old hashes, which is another question.
    let pem = path(pem);
    let own = ["verify", "-auth_level", "0", "-check_ss_sig", "-no_check_time", "-CAfile", &pem, &pem];
    run(at, &own).status.success()
}

/// Whether openssl reads the bytes as a certificate.
fn takes(at: &Path, bytes: &[u8], form: &str) -> bool {
    fs::write(at.join("asked"), bytes).unwrap();
    run(at, &["x509", "-in", "asked", "-inform", form, "-noout"]).status.success()
}

#[track_caller]
fn done(at: &Path, arguments: &[&str]) -> Output {
    let output = run(at, arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {}: {told}", arguments.join(" "));
    output
}

fn run(at: &Path, arguments: &[&str]) -> Output {
    let output = Command::new("openssl").current_dir(at).args(arguments).output();
    output.expect("openssl was just found")
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
