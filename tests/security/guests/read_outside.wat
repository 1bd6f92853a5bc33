;; Its input, to where it has no memory
;; group: abi
;; ends: trap memory_out_of_bounds
;; input: much
(module
  (import "infrafabric" "input_read" (func $input_read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (drop (call $input_read (i32.const 65530) (i32.const 100) (i32.const 0)))))
