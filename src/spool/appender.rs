//! Appends of one thread that wait together.
//!
//! The hand-over between a request and the writer's thread costs more than the write, so it is paid once for all
//! requests of a thread that are ready at the same time: their records go into one buffer, a local task hands the
//! buffer over and wakes all of them with its one answer. While it waits for the disk the next buffer fills. There is
//! no timer: a request that is alone goes alone, at once.

use super::{AppendError, Records, Spool};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The appending end for the tasks of one thread. Not `Send`; clones share the buffer.
#[derive(Debug, Clone)]
pub struct Appender {
    spool: Spool,
    open: Rc<RefCell<Rc<Round>>>,
    is_handing_over: Rc<Cell<bool>>,
}

/// Appends that become durable together.
#[derive(Debug, Default)]
struct Round {
    records: RefCell<Records>,
    outcome: Cell<Option<Result<(), AppendError>>>,
    waiters: RefCell<Vec<Waker>>,
}

impl Appender {
    pub fn new(spool: Spool) -> Appender {
        Appender { spool, open: Rc::default(), is_handing_over: Rc::default() }
    }

    /// Appends the records and waits until they are on disk. Runs on a tokio `LocalSet` (every actix-web worker is
    /// one). Dropping the future does not take the records back.
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
        if !self.is_handing_over.replace(true) {
            tokio::task::spawn_local(self.clone().hand_over());
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

    /// Hands rounds over until none waits.
    async fn hand_over(self) {
        loop {
            // Lets the requests that are ready now join.
            tokio::task::yield_now().await;
            let round = self.open.take();
            let records = round.records.take();
            if records.is_empty() {
                self.is_handing_over.set(false);
                return;
            }
            round.outcome.set(Some(self.spool.hand_over(records).await));
            round.waiters.take().into_iter().for_each(Waker::wake);
        }
    }
}
