//! `iothub-bind WASM FOLDER`: writes the JavaScript beside a wasm file, as `wasm-bindgen --target web
//! --omit-default-module-path` does. A library call in a small program is built with the rest of the workspace, of
//! the version in `Cargo.lock`; the command line of wasm-bindgen would be minutes of compiling more.

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [wasm, folder] = args.as_slice() else {
        eprintln!("usage: iothub-bind WASM FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let done = bindgen
        .input_path(wasm)
        .typescript(true)
        .omit_default_module_path(true)
        .web(true)
        .and_then(|bindgen| bindgen.generate(folder));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{wasm} could not be bound: {error:?}");
            ExitCode::FAILURE
        }
    }
}
