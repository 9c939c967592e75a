//! Appends of one thread that wait together.
//!
//! The hand-over between a request and the writer's thread costs more than the write, so it is paid once for
//! all requests of a thread that are ready at the same time: their records go into one buffer, a local task
//! hands the buffer over and wakes all of them with its one answer. There is no timer: a request that is
//! alone goes alone, at once. A request waits for two syncs at most, the one under way and its own.

use super::{AppendError, Records, Spool};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A round of so many appends goes at once, so that the disk works while the other requests are still read.
/// Measured: 16 sync too often, without a bound both cores wait for each other.
const FULL_ROUND: usize = 32;

/// The appending end for the tasks of one thread. Not `Send`; clones share the buffer.
#[derive(Debug, Clone)]
pub struct Appender {
    spool: Spool,
    open: Rc<RefCell<Rc<Round>>>,
    /// Somebody will hand the open round over.
    is_scheduled: Rc<Cell<bool>>,
}

/// Appends that become durable together.
#[derive(Debug, Default)]
struct Round {
    records: RefCell<Records>,
    appends: Cell<usize>,
    outcome: Cell<Option<Result<(), AppendError>>>,
    waiters: RefCell<Vec<Waker>>,
}

impl Appender {
    pub fn new(spool: Spool) -> Appender {
        Appender { spool, open: Rc::default(), is_scheduled: Rc::default() }
    }

    /// Appends the records and waits until they are on disk. Runs on a tokio `LocalSet` (every actix-web
    /// worker is one). Dropping the future does not take the records back.
    ///
    /// # Errors
    /// As [`Spool::append`].
    pub async fn append(&self, records: Records) -> Result<(), AppendError> {
        if records.is_empty() {
            return Ok(());
        }
        self.spool.reserve(records.bytes())?;
        let round = self.open.borrow().clone();
        round.records.borrow_mut().extend(records);
        round.appends.set(round.appends.get() + 1);
        if round.appends.get() == FULL_ROUND {
            self.hand_over();
        } else if !self.is_scheduled.replace(true) {
            let appender = self.clone();
            tokio::task::spawn_local(async move {
                // Lets the requests that are ready now join.
                tokio::task::yield_now().await;
                appender.is_scheduled.set(false);
                appender.hand_over();
            });
        }
        poll_fn(|context| match round.outcome.get() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                round.waiters.borrow_mut().push(context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// Hands the open round over, without waiting for earlier ones: the writer's next sync takes all that
    /// wait.
    fn hand_over(&self) {
        let round = self.open.take();
        let records = round.records.take();
        if records.is_empty() {
            return;
        }
        let answer = self.spool.hand_over(records);
        tokio::task::spawn_local(async move {
            round.outcome.set(Some(answer.await));
            round.waiters.take().into_iter().for_each(Waker::wake);
        });
    }
}
