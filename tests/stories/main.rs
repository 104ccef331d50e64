//! What a person can do with the real binary, told story by story.

mod attachments;
mod audit;
mod bad_input;
mod bad_stores;
mod bad_workflows;
mod changed_world;
mod crash;
mod customer;
mod doctor;
mod doctor_runs;
mod evidence;
mod exporting;
mod first_run;
#[cfg(unix)]
mod full_disk;
mod holder;
mod in_doubt;
mod inspect;
#[cfg(unix)]
mod interrupts;
mod known_later;
mod looking;
mod main_job;
mod notes;
mod old_stores;
mod operating;
#[cfg(unix)]
mod own_functions;
mod proving;
mod repin;
mod secrets;
#[cfg(unix)]
mod serve;
#[path = "../support/mod.rs"]
mod support;
mod targets;
#[cfg(target_os = "linux")]
mod terminal;
mod trace;
mod undoing;
mod undoing_parts;
mod world;
