//! The threads that scripts run on: their stacks are large enough for the deepest script that the limits allow.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Threads are started when work waits and none is idle, up to a fixed number, and end with the pool.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads_max: usize,
    stack_size: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl Pool {
    pub(crate) fn new(threads_max: usize, stack_size: usize) -> Pool {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() });
        Pool { shared, threads_max: threads_max.max(1), stack_size }
    }

    /// Runs the work on a thread of the pool. `None` when the work panicked or no thread could be started.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            if let Ok(result) = catch_unwind(AssertUnwindSafe(work)) {
                // Nobody waits any more when the caller was cancelled; the work is done all the same.
                drop(answer.send(result));
            }
        });
        self.push(job);
        answered.await.ok()
    }

    fn push(&self, job: Job) {
        let mut state = self.shared.lock();
        state.jobs.push_back(job);
        if state.idle < state.jobs.len() && state.threads < self.threads_max {
            state.threads += 1;
            let shared = Arc::clone(&self.shared);
            let started = Builder::new()
                .name("script".to_owned())
                .stack_size(self.stack_size)
                .spawn(move || work_until_closed(&shared));
            if started.is_err() {
                state.threads -= 1;
                if state.threads == 0 {
                    // Dropping the jobs tells their callers.
                    state.jobs.clear();
                }
            }
        }
        drop(state);
        self.shared.wake.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.shared.wake.notify_all();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool").field("threads_max", &self.threads_max).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work_until_closed(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        if let Some(job) = state.jobs.pop_front() {
            drop(state);
            job();
            state = shared.lock();
        } else if state.closed {
            state.threads -= 1;
            return;
        } else {
            state.idle += 1;
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_and_the_pool_goes_on() {
        let pool = Pool::new(1, 1024 * 1024);
        assert_eq!(pool.run(|| -> i32 { panic!("on purpose") }).await, None);
        assert_eq!(pool.run(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn it_grows_to_its_size_and_queues_the_rest() {
        let pool = Pool::new(2, 1024 * 1024);
        let meet = Arc::new(std::sync::Barrier::new(2));
        let wait = |meet: Arc<std::sync::Barrier>| move || meet.wait().is_leader();
        // Two jobs that wait for each other end only when they run at the same time.
        let (one, two) = tokio::join!(pool.run(wait(Arc::clone(&meet))), pool.run(wait(meet)));
        assert_ne!(one, two);
        let (one, two, three) = tokio::join!(pool.run(|| 1), pool.run(|| 2), pool.run(|| 3));
        assert_eq!((one, two, three), (Some(1), Some(2), Some(3)));
        assert!(pool.shared.lock().threads <= 2);
    }
}
