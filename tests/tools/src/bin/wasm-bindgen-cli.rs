//! `wasm-bindgen`: wasm-pack asks for its version, and takes the test runner that lies beside it. The scripts give it
//! that name when it is built: no current rustc compiles a crate that is called wasm-bindgen and is not the library.

fn main() -> anyhow::Result<()> {
    env_logger::init();
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())
}
