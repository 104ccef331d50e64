//! Messages that Exchange and Entra give when a sign-in with OAuth fails: what each means, and what mends it.

/// A message that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Short and stable.
    pub id: &'static str,
    /// All of these stand in the text, in any case.
    words: &'static [&'static str],
    pub cause: &'static str,
    pub fix: &'static str,
    /// It may stand in a result that is otherwise good.
    pub harmless: bool,
}

// unconfirmed: the wording about a key that is too short, and about the allow list of EWS applications.
const PHRASES: [Phrase; 9] = [
    Phrase {
        id: "key-not-found",
        words: &["client assertion contains an invalid signature"],
        cause: "the tenant does not know the certificate with which Exchange signs: the current one was never uploaded, \
                or it was replaced since",
        fix: "upload the current auth certificate to the service principal (the workflow does it), then wait some minutes",
        harmless: false,
    },
    Phrase {
        id: "hybrid-application",
        words: &["last successfully loaded at", "0001", "(403)"],
        cause: "Exchange Online forbids it, or a proxy does: the dedicated hybrid application may be missing",
        fix: "set the dedicated Exchange hybrid application up, and see whether the proxy lets Exchange out",
        harmless: false,
    },
    Phrase {
        id: "user-unknown",
        words: &["the user specified by the user-context in the token does not exist"],
        cause: "the user whom the token names has no mailbox or is not known on the side that was asked",
        fix: "try another mailbox, and see whether the user is synchronised",
        harmless: false,
    },
    Phrase {
        id: "audience-host",
        words: &["the hostname component of the audience claim value is invalid"],
        cause: "the token is for another host name than the one Exchange believes to have: a proxy rewrites the name, or \
                a published name is missing among the service principal's names",
        fix: "compare the URLs of the virtual directories, the proxy's rules and servicePrincipalNames",
        harmless: false,
    },
    Phrase {
        id: "no-token",
        words: &["unable to get", "token from", "auth server"],
        cause: "Exchange got no token: its server does not reach the sign-in, or the sign-in refused it",
        fix: "let the server's SYSTEM account reach accounts.accesscontrol.windows.net, login.windows.net and \
              outlook.office365.com through the proxy; the sign-in's own message stands beside this one",
        harmless: false,
    },
    Phrase {
        id: "issuer-unknown",
        words: &["trusted issuers contained", "configured locally"],
        cause: "no auth server of this organisation is one that the other side trusts",
        fix: "compare Get-AuthServer (issuer, realm, enabled) with the trusted issuers of the challenge",
        harmless: false,
    },
    Phrase {
        id: "key-too-short",
        words: &["key size", "2048"],
        cause: "the auth certificate's key has fewer than 2048 bits",
        fix: "make a new auth certificate, and stage it with Set-AuthConfig",
        harmless: false,
    },
    Phrase {
        id: "ews-allow-list",
        words: &["ewsapplicationaccesspolicy"],
        cause: "the organisation allows only listed applications to use EWS",
        fix: "add *SchedulingService* to EwsAllowList with Set-OrganizationConfig",
        harmless: false,
    },
    Phrase {
        id: "no-mailbox",
        words: &["the smtp address has no mailbox associated with it"],
        cause: "the test names a mailbox that the side asked does not have",
        fix: "none is needed where the rest of the result is good",
        harmless: true,
    },
];

/// The known messages in a text, in which line breaks may stand anywhere between words.
pub(super) fn find(text: &str) -> Vec<&'static Phrase> {
    let flat = flat(text);
    PHRASES.iter().filter(|phrase| phrase.words.iter().all(|words| flat.contains(words))).collect()
}

/// The certificates that error messages name as the client's.
pub(super) fn thumbprints(text: &str) -> Vec<String> {
    const BEFORE: &str = "thumbprint of key used by client: '";
    let flat = flat(text);
    let mut found: Vec<String> = flat
        .match_indices(BEFORE)
        .filter_map(|(at, _)| flat.get(at + BEFORE.len()..at + BEFORE.len() + 40))
        .filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_ascii_uppercase)
        .collect();
    found.dedup();
    found.truncate(20);
    found
}

/// In lower case, with one blank wherever there is white space.
fn flat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for letter in text.chars() {
        if !letter.is_whitespace() {
            out.push(letter.to_ascii_lowercase());
            blank = false;
        } else if !blank {
            out.push(' ');
            blank = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_they_are_broken() {
        for (text, id) in [
            (
                "AADSTS70002: Error validating credentials. AADSTS50012: Client assertion contains an\r\n   invalid \
                 signature. [Reason - The key was not found., Thumbprint of key used by client: 'C3ED'",
                "key-not-found",
            ),
            (
                "The configuration was last successfully loaded at 1/01/0001 12:00:00 a.m. UTC.\n\
                 System.Net.WebException: The remote server returned an error: (403) Forbidden.",
                "hybrid-application",
            ),
            (
                "2000003;reason=\"The hostname component of the audience claim value is invalid. Expected",
                "audience-host",
            ),
            ("Unable to get the token from Auth Server", "no-token"),
            ("Unable to get token from Auth Server.", "no-token"),
            (
                "Error:The trusted issuers contained the following entries '00000001-0002-0000-c000-000000000000@*'. None\n\
                 of them are configured locally.",
                "issuer-unknown",
            ),
            ("The SMTP address has no mailbox associated with it.", "no-mailbox"),
        ] {
            let found: Vec<&str> = find(text).iter().map(|phrase| phrase.id).collect();
            assert_eq!(found, [id], "{text}");
        }
        assert!(find("The configuration was last successfully loaded at 1/1/0001").is_empty());
    }

    #[test]
    fn ids_and_words_are_written_as_they_are_compared() {
        for (at, phrase) in PHRASES.iter().enumerate() {
            assert!(PHRASES[..at].iter().all(|other| other.id != phrase.id), "{}", phrase.id);
            for words in phrase.words {
                assert_eq!(flat(words), *words);
            }
        }
    }

    #[test]
    fn thumbprints_are_taken_from_messages() {
        let hash = "c3edcf181ef4f9b53d01768eca99564014bca6e7";
        let text = format!(
            "Thumbprint of key\n used by client: '{hash}', Thumbprint of key used by client: 'short'"
        );
        assert_eq!(thumbprints(&text), [hash.to_uppercase()]);
    }
}
