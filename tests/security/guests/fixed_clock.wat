;; Looks at a clock that its contract lets stand still
;; group: authority
;; ends: result
;; with: clock_us=1000000
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (import "infrafabric" "time_ns" (func $time_ns (param i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "run")
    (if (i64.ne (call $time_ns (i32.const 0)) (i64.const 1000000000)) (then unreachable))
    (if (i64.ne (call $time_ns (i32.const 1)) (i64.const 0)) (then unreachable))
    (call $result (i32.const 0) (i32.const 0))))
