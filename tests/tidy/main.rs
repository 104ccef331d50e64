//! The shape of the repository, as tests: the rules of docs/contributing.md that no compiler checks.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the repository has failed")]

mod arrows;
mod error_pages;
mod links;
mod promises;
mod repository;
mod source_files;
mod unconfirmed;
mod workflows;
