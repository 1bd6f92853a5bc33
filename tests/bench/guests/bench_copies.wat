;; Ten million calls that copy 64 bytes each, after the pointer was checked.
(module
  (import "infrafabric" "input_read" (func $input_read (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (local $i i32)
    (local.set $i (i32.const 10000000))
    (loop $next
      (drop (call $input_read (i32.const 128) (i32.const 64) (i32.const 0)))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))
