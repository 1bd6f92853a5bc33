;; Copies beyond its memory
;; group: execution
;; ends: trap memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (func (export "run") (memory.copy (i32.const 0) (i32.const 65000) (i32.const 1000))))
