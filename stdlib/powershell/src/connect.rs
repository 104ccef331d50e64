//! From the settings of a connection to the transport that they describe.

use contracts::{CallContext, Check};

use crate::local::Local;
use crate::remote::Remote;
use crate::settings::Connection;
use crate::transport::Transport;

/// Opens nothing yet.
pub(crate) fn transport(connection: &Connection) -> Box<dyn Transport> {
    match connection {
        Connection::Local(settings) => Box::new(Local::new(settings.clone())),
        Connection::Remote(settings) => Box::new(Remote::new(settings.clone())),
    }
}

/// What can be checked before a session is opened.
pub(crate) async fn examine(connection: &Connection, context: &dyn CallContext) -> Vec<Check> {
    match connection {
        // Whether the program is there, opening a session tells.
        Connection::Local(_) => Vec::new(),
        Connection::Remote(settings) => crate::remote::examine(settings, context).await,
    }
}
