;; A pointer and a length that only fit when they wrap around
;; group: abi
;; ends: trap memory_out_of_bounds
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (call $result (i32.const 0xfffffff0) (i32.const 0x20))))
