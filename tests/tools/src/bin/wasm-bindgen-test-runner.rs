//! `wasm-bindgen-test-runner`: runs the tests of a wasm file in Node, or in a headless browser.

fn main() -> anyhow::Result<()> {
    env_logger::init();
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
