;; An endless loop of calls to its host
;; group: execution
;; ends: out_of_time wall
;; with: wall_ms=100 fuel=9000000000000000000
(module
  (import "infrafabric" "input_size" (func $input_size (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (loop $l (drop (call $input_size)) (br $l))))
