;; Computes for a while: two hundred million turns of a loop that reads a byte, adds to it and writes it.
(module
  (memory (export "memory") 1)
  (func (export "run") (local $i i32) (local $at i32)
    (local.set $i (i32.const 200000000))
    (loop $next
      (local.set $at (i32.and (i32.mul (local.get $i) (i32.const 40503)) (i32.const 65535)))
      (i32.store8 (local.get $at)
        (i32.add (i32.load8_u (local.get $at)) (local.get $i)))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))
