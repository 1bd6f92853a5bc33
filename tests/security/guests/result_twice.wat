;; A second result
;; group: abi
;; ends: bad_result given_twice
(module
  (import "infrafabric" "result" (func $result (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "run")
    (call $result (i32.const 0) (i32.const 1))
    (call $result (i32.const 0) (i32.const 1))))
