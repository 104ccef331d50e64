//! `Get-WebServicesVirtualDirectory` and `Get-AutodiscoverVirtualDirectory`.

use serde_json::Value;

use super::{Call, Cmdlet, call::class, flag, text};
use crate::{error::CmdletError, object::Class};

pub(super) const CMDLETS: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-WebServicesVirtualDirectory",
        parameters: &[
            text("Identity"),
            text("Server"),
            flag("ADPropertiesOnly"),
            flag("ShowMailboxVirtualDirectories"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: |call| get(call, Class::WebServicesVirtualDirectory),
    },
    Cmdlet {
        name: "Get-AutodiscoverVirtualDirectory",
        parameters: &[
            text("Identity"),
            text("Server"),
            flag("ADPropertiesOnly"),
            flag("ShowMailboxVirtualDirectories"),
            text("DomainController"),
        ],
        prompts: false,
        writes: false,
        run: |call| get(call, Class::AutodiscoverVirtualDirectory),
    },
];

fn get(call: &mut Call<'_>, wanted: Class) -> Result<Vec<Value>, CmdletError> {
    let candidates = call.objects(class(wanted));
    let identity = call.text("Identity");
    let mut found = call.meant(candidates, identity)?;
    if let Some(server) = call.text("Server") {
        let server = call.one(&server, class(Class::ExchangeServer))?;
        found.retain(|directory| directory.text("Server").eq_ignore_ascii_case(server.name()));
    }
    Ok(call.shown_all(&found))
}
