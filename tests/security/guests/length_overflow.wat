;; The largest length there is
;; group: abi
;; ends: trap memory_out_of_bounds
(module
  (import "infrafabric" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (call $log (i32.const 0) (i32.const 0) (i32.const -1))))
