//! The thread that writes the data file, so that the disk holds nobody up who does not wait for it. It takes all
//! that has been handed over meanwhile and writes it as one transaction.

use crate::store::Store;
use iothub_hub::Change;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Changes and the number of the last hand-over among them.
struct Batch {
    number: u64,
    changes: Vec<Change>,
}

/// What was handed over is written behind the caller's back, in order.
#[derive(Debug)]
pub struct Writer {
    batches: Sender<Batch>,
    thread: JoinHandle<()>,
    handed: u64,
}

impl Writer {
    /// Starts the thread. `told` hears the number of each hand-over that is on the disk, or why there will be none
    /// any more.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: Store, told: impl Fn(Result<u64, String>) + Send + 'static) -> std::io::Result<Self> {
        let (batches, receiver) = channel();
        let builder = std::thread::Builder::new().name("data file".to_owned());
        let thread = builder.spawn(move || write_all(store, &receiver, told))?;
        Ok(Self { batches, thread, handed: 0 })
    }

    /// Hands changes over; gives their number.
    pub fn hand_over(&mut self, changes: Vec<Change>) -> u64 {
        self.handed += 1;
        // A thread that has ended said why, and its number never comes.
        let _ = self.batches.send(Batch { number: self.handed, changes });
        self.handed
    }

    /// Waits until everything is written and the file is closed. It blocks.
    pub fn finish(self) {
        drop(self.batches);
        // A panic has been printed by its own thread.
        let _ = self.thread.join();
    }
}

fn write_all(mut store: Store, receiver: &Receiver<Batch>, told: impl Fn(Result<u64, String>)) {
    while let Ok(mut batch) = receiver.recv() {
        for more in receiver.try_iter() {
            batch.number = more.number;
            batch.changes.extend(more.changes);
        }
        match store.write(&batch.changes) {
            Ok(()) => told(Ok(batch.number)),
            Err(error) => return told(Err(error.to_string())),
        }
    }
}
