;; Logs without end
;; group: execution
;; ends: out_of_time wall
;; with: wall_ms=200
(module
  (import "infrafabric" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (loop $l (call $log (i32.const 0) (i32.const 0) (i32.const 65536)) (br $l))))
