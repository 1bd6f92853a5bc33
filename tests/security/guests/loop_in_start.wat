;; An endless loop in its start function
;; group: execution
;; ends: out_of_time wall
;; with: wall_ms=100
(module
  (memory (export "memory") 1)
  (func $s (loop $l (br $l)))
  (start $s)
  (func (export "run")))
