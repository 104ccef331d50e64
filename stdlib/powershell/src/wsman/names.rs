//! The names that the protocol gives its namespaces, actions and codes.

pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
pub(super) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
pub(super) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
pub(super) const WSMV: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";
pub(super) const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
pub(super) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell";
pub(super) const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

pub(super) const CREATE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create";
pub(super) const DELETE: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete";
pub(super) const COMMAND: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command";
pub(super) const SEND: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send";
pub(super) const RECEIVE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive";
pub(super) const SIGNAL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal";

/// Stops a pipeline. The spelling is Microsoft's; PowerShell compares it letter by letter.
pub(super) const STOP: &str = "powershell/signal/crtl_c";
/// Frees what the server keeps for a pipeline.
pub(super) const TERMINATE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate";
