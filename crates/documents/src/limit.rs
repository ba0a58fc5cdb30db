//! What the program may use, whatever a template asks for: taken on itself before it reads anything.
//!
//! Invariant: limits are only lowered, and cannot be raised again.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Error, PDF_LEN_MAX};

/// Address space, bytes: the program itself with its fonts takes a tenth of it.
const ADDRESS_SPACE_LEN_MAX: u64 = 1 << 30;
/// Processor time, seconds. The system ends the program then, and for good a second later.
const CPU_S_MAX: u64 = 8;
/// The same for a template that does not come with the program: whoever asks has time left for the one that does.
const CPU_S_OWN_MAX: u64 = 4;

/// How far behind everything else it stands.
const NICE: i32 = 10;

/// Lowers the limits of this process; an idle one also runs only when little else wants to, where the system knows that.
///
/// # Errors
/// The system refuses.
pub fn apply(is_idle: bool) -> Result<(), Error> {
    // Before there is another thread: each begins as the one that starts it.
    if is_idle {
        idle();
    }
    rustix::process::nice(NICE).map_err(|error| Error::system("the priority", error))?;
    // One thread: no pool as wide as the machine, each with memory of its own.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .map_err(|error| Error::system("threads", error))?;
    lower(Resource::As, ADDRESS_SPACE_LEN_MAX, ADDRESS_SPACE_LEN_MAX)?;
    lower(Resource::Cpu, CPU_S_MAX, CPU_S_MAX + 1)?;
    lower(Resource::Fsize, PDF_LEN_MAX as u64, PDF_LEN_MAX as u64)?;
    lower(Resource::Core, 0, 0)?;
    // No number is left for a further file: standard input, output and error, which have the first three, stay open.
    lower(Resource::Nofile, 3, 3)
}

/// Lowers them further, for a template that does not come with the program.
///
/// # Errors
/// The system refuses.
pub fn apply_to_own() -> Result<(), Error> {
    lower(Resource::Cpu, CPU_S_OWN_MAX, CPU_S_OWN_MAX + 1)
}

/// What people wait for at a till goes first. Where the system refuses, this is behind the rest like any other.
fn idle() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };
        let _refused = set_thread_priority_and_policy(
            thread_native_id(),
            ThreadPriority::Min,
            ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
        );
    }
}

fn lower(resource: Resource, soft: u64, hard: u64) -> Result<(), Error> {
    let maximum = getrlimit(resource).maximum.unwrap_or(u64::MAX).min(hard);
    let limit = Rlimit {
        current: Some(soft.min(maximum)),
        maximum: Some(maximum),
    };
    setrlimit(resource, limit).map_err(|error| Error::system("a limit", error))
}
