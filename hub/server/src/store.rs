//! The data file: SQLite, written before anything is acknowledged. Two tables, one row for each identity and
//! one for each waiting message; the documents in them are the core's.

use iothub_hub::{Change, Hub};
use iothub_protocol::service_error::ServiceError;
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};

/// Why the data file is no use.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says no.
    #[error("{path}: {error}{}", hint(.error))]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// A row is not what this hub writes.
    #[error(
        "{path}: a row can not be read: {text}. The file was written by something else, or by a newer hub"
    )]
    Row {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
}

fn hint(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, NotADatabase, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => {
            ". Another process has this file open: is a hub running on it already? A file serves one hub at a time"
        }
        Some(NotADatabase) => ". It is another program's file: name one of the hub's own, or a new one",
        Some(DiskFull) => ". Make room on the disk and start the hub again",
        Some(CannotOpen) => ". Is there such a folder, and may this user write in it?",
        Some(PermissionDenied | ReadOnly) => ". This user may not write it",
        Some(SystemIoFailure) => ". The disk refused: is it full, or gone?",
        _ => "",
    }
}

/// Marks the file as ours (`IoTH`).
const APPLICATION_ID: i32 = 0x496f_5448;
/// The form of the tables.
const FORM: i32 = 1;

/// An open data file.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    fresh: bool,
}

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError`] for a file of something else, or one that can not be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| StoreError::Sqlite { path: path.to_owned(), error };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
        // One process to a file, from now until it ends: two would overwrite what the other acknowledged. Whoever
        // has it open already is not waited for.
        connection.busy_timeout(std::time::Duration::ZERO).map_err(fail)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(fail)?;
        let mut store = Self { connection, path: path.to_owned(), fresh: false };
        store.fresh = store.check_owner()?;
        store.prepare().map_err(fail)?;
        Ok(store)
    }

    /// Whether nothing was ever written.
    fn check_owner(&self) -> Result<bool, StoreError> {
        let read =
            |pragma: &str| self.connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
        let fail = |error| StoreError::Sqlite { path: self.path.clone(), error };
        let (owner, form) = (read("application_id").map_err(fail)?, read("user_version").map_err(fail)?);
        let tables: i64 = self
            .connection
            .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
            .map_err(fail)?;
        let row = |text: &str| Err(StoreError::Row { path: self.path.clone(), text: text.to_owned() });
        match (owner, form) {
            (0, 0) if tables == 0 => Ok(true),
            // Prepared, and ended before the first write.
            (0, FORM) => Ok(true),
            (APPLICATION_ID, FORM) => Ok(false),
            (APPLICATION_ID, form) => row(&format!("its form is {form}, this hub writes {FORM}")),
            _ => row("it is another program's database"),
        }
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA user_version = {FORM};
             CREATE TABLE IF NOT EXISTS identities (
                 device TEXT NOT NULL, module TEXT NOT NULL DEFAULT '', document TEXT NOT NULL,
                 PRIMARY KEY (device, module)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS messages (
                 sequence INTEGER PRIMARY KEY, device TEXT NOT NULL, document TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS feedback (number INTEGER PRIMARY KEY, document TEXT NOT NULL);"
        ))
    }

    /// Whether nothing was ever written.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Gives the hub everything back. A row that can not be read is set aside, in a table of its own with the
    /// reason, and told: one of them does not keep the hub from starting.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] when the file can not be read.
    pub fn load(&mut self, hub: &mut Hub) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.try_load(hub).map_err(|error| StoreError::Sqlite { path, error })
    }

    fn try_load(&mut self, hub: &mut Hub) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let mut aside =
            each(&transaction, "identities", "device, module, document, NULL", |_, _, document| {
                hub.restore_identity(document)
            })?;
        aside.extend(each(
            &transaction,
            "messages",
            "device, '', document, sequence",
            |device, _, document| hub.restore_message(device, document),
        )?);
        aside.extend(each(&transaction, "feedback", "'', '', document, number", |_, number, document| {
            hub.restore_feedback(number, document)
        })?);
        for row in &aside {
            set_aside(&transaction, row)?;
            tracing::error!(
                path = %self.path.display(), device = row.device, reason = row.reason,
                "a row of the data file can not be read: it is set aside in table unreadable"
            );
        }
        transaction.commit()
    }

    /// Writes changes down, all or none. When this returns they survive the process and the machine.
    ///
    /// # Errors
    /// What SQLite says; then nothing may be acknowledged any more.
    pub fn write(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.try_write(changes).map_err(|error| StoreError::Sqlite { path, error })
    }

    fn try_write(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        for change in changes {
            match change {
                Change::Identity { identity, document: Some(document) } => {
                    let module = identity.module_id.as_deref().unwrap_or("");
                    transaction
                        .prepare_cached(
                            "INSERT OR REPLACE INTO identities (device, module, document) VALUES (?, ?, ?)",
                        )?
                        .execute(params![identity.device_id, module, document])?;
                }
                Change::Identity { identity, document: None } => {
                    let module = identity.module_id.as_deref().unwrap_or("");
                    transaction
                        .prepare_cached("DELETE FROM identities WHERE device = ? AND module = ?")?
                        .execute(params![identity.device_id, module])?;
                }
                Change::Message { identity, sequence, document: Some(document) } => {
                    transaction
                        .prepare_cached(
                            "INSERT OR REPLACE INTO messages (sequence, device, document) VALUES (?, ?, ?)",
                        )?
                        .execute(params![sequence.cast_signed(), identity.device_id, document])?;
                }
                Change::Feedback { number, document: Some(document) } => {
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO feedback (number, document) VALUES (?, ?)")?
                        .execute(params![number.cast_signed(), document])?;
                }
                Change::Feedback { number, document: None } => {
                    transaction
                        .prepare_cached("DELETE FROM feedback WHERE number = ?")?
                        .execute(params![number.cast_signed()])?;
                }
                Change::Message { sequence, document: None, .. } => {
                    transaction
                        .prepare_cached("DELETE FROM messages WHERE sequence = ?")?
                        .execute(params![sequence.cast_signed()])?;
                }
            }
        }
        if self.fresh {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        transaction.commit()?;
        self.fresh = false;
        Ok(())
    }
}

/// A row that can not be read.
struct Unreadable {
    table: &'static str,
    device: String,
    module: String,
    document: String,
    /// Of a message or a batch of feedback; none of an identity.
    number: Option<i64>,
    reason: String,
}

/// Hands every row over; gives those that are refused.
fn each(
    connection: &Connection,
    table: &'static str,
    columns: &str,
    mut take: impl FnMut(&str, u64, &serde_json::Value) -> Result<(), ServiceError>,
) -> rusqlite::Result<Vec<Unreadable>> {
    let mut aside = Vec::new();
    let mut statement = connection.prepare(&format!("SELECT {columns} FROM {table} ORDER BY 4, 1, 2"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (device, document): (String, String) = (row.get(0)?, row.get(2)?);
        let read = serde_json::from_str(&document).map_err(|error| error.to_string());
        let number: Option<i64> = row.get(3)?;
        let mut taken = |value| take(&device, number.unwrap_or(0).cast_unsigned(), &value);
        if let Err(reason) = read.and_then(|value| taken(value).map_err(|error| error.message)) {
            aside.push(Unreadable { table, device, module: row.get(1)?, document, number, reason });
        }
    }
    Ok(aside)
}

fn set_aside(connection: &Connection, row: &Unreadable) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS unreadable (
             device TEXT NOT NULL, module TEXT NOT NULL, sequence INTEGER, document TEXT NOT NULL,
             reason TEXT NOT NULL);",
    )?;
    connection.execute(
        "INSERT INTO unreadable (device, module, sequence, document, reason) VALUES (?, ?, ?, ?, ?)",
        params![row.device, row.module, row.number, row.document, row.reason],
    )?;
    match (row.table, row.number) {
        ("messages", number) => connection.execute("DELETE FROM messages WHERE sequence = ?", [number])?,
        ("feedback", number) => connection.execute("DELETE FROM feedback WHERE number = ?", [number])?,
        _ => connection.execute(
            "DELETE FROM identities WHERE device = ? AND module = ?",
            params![row.device, row.module],
        )?,
    };
    Ok(())
}
