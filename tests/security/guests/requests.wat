;; Makes a request without a grant
;; group: authority
;; ends: denied http
(module
  (import "infrafabric" "http_request" (func $http_request (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"method\":\"GET\",\"url\":\"http://127.0.0.1/\"}")
  (func (export "run") (drop (call $http_request (i32.const 0) (i32.const 42)))))
