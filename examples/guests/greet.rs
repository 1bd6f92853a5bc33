//! A guest in Rust: greets the name that is its input. Its result is JSON.
//!
//!     rustc --target wasm32-unknown-unknown -O --crate-type cdylib -o greet.wasm greet.rs
//!
//! Programs with a main of their own work as well: build them with --target wasm32-wasip1.

#[link(wasm_import_module = "infrafabric")]
extern "C" {
    fn input_size() -> usize;
    fn input_read(to: *mut u8, len: usize, offset: usize) -> usize;
    fn result(bytes: *const u8, len: usize);
}

#[no_mangle]
pub extern "C" fn run() {
    let mut name = vec![0u8; unsafe { input_size() }];
    unsafe { input_read(name.as_mut_ptr(), name.len(), 0) };
    let name = String::from_utf8_lossy(&name);
    let text = format!("{{\"greeting\":\"Hello, {}!\"}}", name.trim().replace(['"', '\\'], ""));
    unsafe { result(text.as_ptr(), text.len()) };
}
