;; Fills its memory over and over, which costs little fuel
;; group: execution
;; ends: out_of_time wall
;; with: wall_ms=100
(module
  (memory (export "memory") 1024)
  (func (export "run")
    (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 67108864)) (br $l))))
