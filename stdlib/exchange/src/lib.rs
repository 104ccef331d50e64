//! Host functions for an on-premises Exchange organisation, over any shell that runs its cmdlets.
//!
//! Reads never decide existence from "rows came back": Exchange answers an identity that names nothing with *all*
//! objects, so every function lists and then compares exactly, without regard to case. Every call of a run names the
//! same domain controller.

mod account;
mod answer;
mod arguments;
mod auth_config;
mod auth_server;
mod caller;
mod certificate;
mod classify;
mod cmdlet;
mod command_line;
mod domain_controller;
mod examine;
mod exception;
mod function;
mod generic;
mod mail_user;
mod management_role;
mod management_role_assignment;
mod management_role_entry;
mod metadata_document;
mod module;
mod need;
mod organization;
mod partner_application;
mod remoting_shell;
mod role_group;
mod roles;
mod shell;

pub use cmdlet::effect_of;
pub use metadata_document::MetadataSource;
pub use module::{ExchangeModule, functions};
pub use need::{Need, needs};
pub use remoting_shell::RemotingShell;
pub use shell::{Command, ExchangeShell, Reply, ShellError, ShellErrorKind};
