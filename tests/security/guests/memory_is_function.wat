;; A function by the name of its memory
;; group: abi
;; ends: trap memory_out_of_bounds
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (memory 1)
  (func $f (export "memory"))
  (func (export "run") (call $result (i32.const 0) (i32.const 1))))
