;; Data that does not fit into its memory
;; group: execution
;; ends: trap memory_out_of_bounds
(module
  (memory (export "memory") 1)
  (data (i32.const 65530) "0123456789")
  (func (export "run")))
