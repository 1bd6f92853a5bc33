;; Chance, to where it has no memory
;; group: abi
;; ends: trap memory_out_of_bounds
(module
  (import "infrafabric" "random" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (call $random (i32.const 65530) (i32.const 7))))
