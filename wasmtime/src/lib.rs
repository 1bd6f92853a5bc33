//! Wasmtime's C API, and one thing that it has no words for: a limiter that tells what it refused.
//!
//! Without the first line the linker would drop the C symbols, because nothing of Rust calls them.
pub use wasmtime_c_api::*;

use wasmtime_c_api::wasmtime::{Error, ResourceLimiter};

/// What a store may have, and what became of it. C owns it, and lets it outlive the store.
#[repr(C)]
pub struct IfMeter {
    memory_bytes_max: u64,
    table_elements_max: u64,
    memory_bytes: u64,   // the most that it had
    memory_refused: u64, // how often it wanted more
    table_refused: u64,
}

impl ResourceLimiter for IfMeter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        let desired = desired as u64;
        // Beyond the module's own maximum it is refused anyway, and that is not our doing.
        let is_possible = maximum.map_or(true, |maximum| desired <= maximum as u64);
        let is_granted = desired <= self.memory_bytes_max;
        if is_granted && is_possible {
            self.memory_bytes = self.memory_bytes.max(desired);
        } else if !is_granted {
            self.memory_refused += 1;
        }
        Ok(is_granted)
    }

    fn memory_grow_failed(&mut self, _error: Error) -> Result<(), Error> {
        self.memory_refused += 1;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, Error> {
        let is_granted = desired as u64 <= self.table_elements_max;
        if !is_granted {
            self.table_refused += 1;
        }
        Ok(is_granted)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}

/// Puts the store under the meter's limits: one instance, one memory, one table.
///
/// # Safety
/// `store` comes from `wasmtime_store_new`; `meter` stays where it is as long as the store lives.
#[no_mangle]
pub unsafe extern "C" fn ifwasmtime_store_limiter(store: *mut wasmtime_store_t, meter: *mut IfMeter) {
    // A wasmtime_store_t is #[repr(C)] with the store as its only field.
    let store = &mut *store.cast::<WasmtimeStore>();
    let meter = meter as usize;
    store.limiter(move |_| &mut *(meter as *mut IfMeter));
}
