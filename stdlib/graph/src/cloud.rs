//! The clouds that Microsoft runs, and their hosts.

use std::fmt;
use std::str::FromStr;

/// A cloud; its name is what a target file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Microsoft's public cloud, GCC included.
    Global,
    GccHigh,
    Dod,
    China,
    /// Bleu, France.
    Bleu,
    /// Delos, Germany.
    Delos,
}

/// No cloud has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no cloud '{0}'; the clouds are global, gcc-high, dod, china, bleu and delos")]
pub struct UnknownCloud(pub String);

impl Cloud {
    pub const ALL: &[Cloud] =
        &[Cloud::Global, Cloud::GccHigh, Cloud::Dod, Cloud::China, Cloud::Bleu, Cloud::Delos];

    pub fn name(self) -> &'static str {
        match self {
            Cloud::Global => "global",
            Cloud::GccHigh => "gcc-high",
            Cloud::Dod => "dod",
            Cloud::China => "china",
            Cloud::Bleu => "bleu",
            Cloud::Delos => "delos",
        }
    }

    /// Base of the sign-in service.
    pub fn login_url(self) -> &'static str {
        match self {
            Cloud::Global => "https://login.microsoftonline.com",
            Cloud::GccHigh | Cloud::Dod => "https://login.microsoftonline.us",
            // unconfirmed: the documents name this host, tools use login.partner.microsoftonline.cn.
            Cloud::China => "https://login.chinacloudapi.cn",
            Cloud::Bleu => "https://login.sovcloud-identity.fr",
            Cloud::Delos => "https://login.sovcloud-identity.de",
        }
    }

    /// Base of Microsoft Graph, without the version.
    pub fn graph_url(self) -> &'static str {
        match self {
            Cloud::Global => "https://graph.microsoft.com",
            Cloud::GccHigh => "https://graph.microsoft.us",
            Cloud::Dod => "https://dod-graph.microsoft.us",
            Cloud::China => "https://microsoftgraph.chinacloudapi.cn",
            Cloud::Bleu => "https://graph.svc.sovcloud.fr",
            Cloud::Delos => "https://graph.svc.sovcloud.de",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(text: &str) -> Result<Cloud, UnknownCloud> {
        Cloud::ALL
            .iter()
            .copied()
            .find(|cloud| cloud.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownCloud(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_hosts_differ() {
        let mut hosts = std::collections::BTreeSet::new();
        for cloud in Cloud::ALL {
            assert_eq!(cloud.to_string().parse(), Ok(*cloud));
            assert!(http::address(cloud.login_url()).is_ok() && http::address(cloud.graph_url()).is_ok());
            assert!(hosts.insert(cloud.graph_url()), "{cloud}");
        }
        assert!("gcc".parse::<Cloud>().is_err());
    }
}
