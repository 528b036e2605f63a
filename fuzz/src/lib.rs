//! Fuzz targets: one function for each thing that reads what others wrote. Each takes any bytes and panics when a
//! rule of its own is broken; a panic in wasm ends the page's module, so a panic of the code below is one too.
//!
//! The same functions are called by libFuzzer (`libfuzzer/`, long runs by `pkg-scripts/fuzz`) and by the program
//! `fuzz` of this crate, which mutates seeds and corpus from a fixed seed on stable Rust (`npm test -- fuzz`).

pub mod corpus;
mod input;
pub mod mutate;
pub mod seeds;
mod targets;

/// One thing to fuzz.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name on the command line, and that of its corpus.
    pub name: &'static str,
    /// What it reads, for tables.
    pub about: &'static str,
    /// Plays one input.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($name:ident: $about:literal,)*) => {
        /// All of them.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), about: $about, run: targets::$name::run },)*];
        $(
            #[doc = concat!("Plays one input of: ", $about, ".")]
            pub fn $name(data: &[u8]) {
                targets::$name::run(data);
            }
        )*
    };
}

targets! {
    connection_strings: "connection strings",
    sas: "SAS tokens and keys",
    bags: "property bags and topics",
    names: "user names, ids, times, escapes",
    packets: "MQTT packets, cut anywhere",
    twin_patches: "twin patches, and the hub that takes them",
    rest: "REST requests and bodies",
    queries: "the query language",
    device: "bytes and events that reach a device",
    hub: "bytes and events that reach the hub",
}

/// The target of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
