;; Writes beyond its memory, as far as numbers go
;; group: execution
;; ends: trap memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (func (export "run") (i32.store offset=4294967295 (i32.const -1) (i32.const 1))))
