;; An older interface of the system
;; group: admission
;; ends: refused module_refused
;; says: wasi_unstable.proc_exit
(module
  (import "wasi_unstable" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "run")))
