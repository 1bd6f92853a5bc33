;; An endless loop, with much fuel
;; group: execution
;; ends: out_of_time wall
;; with: wall_ms=100 fuel=9000000000000000000
(module
  (memory (export "memory") 1)
  (func (export "run") (loop $l (br $l))))
