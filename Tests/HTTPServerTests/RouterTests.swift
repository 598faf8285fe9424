import Base
@testable import HTTPServer
import Testing
import Wire

@Suite struct RouterTests {
    private static func route(_ method: HTTPMethod, _ path: String) -> Route {
        Route(method, path, .open) { _ in Response() }
    }

    private static let router = Router([
        route(.get, "/"), route(.get, "/users"), route(.post, "/users"), route(.get, "/users/me"),
        route(.get, "/users/{id:int}"), route(.get, "/users/{name}"),
        route(.get, "/users/{name}/posts/{post:int}"),
        route(.get, "/users/me/posts"), route(.delete, "/users/{name}"), route(.get, "/files/{path...}"),
        route(.get, "/files/special"), route(.get, "/caf%C3%A9"), route(.get, "/a b"),
    ])

    /// The pattern that was found and what stands for its names; or why there is none.
    private static func find(_ method: HTTPMethod, _ path: String) -> String {
        switch router.match(method, Bytes(path)) {
        case .found(let index, let parameters):
            let pattern = router.routes[index].pattern
            let values = pattern.names.map { "\($0)=\(parameters[$0])" }
            return ([pattern.text] + values).joined(separator: " ")
        case .otherMethods(let methods): return "methods " + methods.map(\.name).joined(separator: ",")
        case .notFound: return "not found"
        case .malformed: return "malformed"
        }
    }

    @Test(arguments: [
        ("/", "/"), ("/users", "/users"), ("/users/me", "/users/me"), ("/users/7", "/users/{id:int} id=7"),
        ("/users/-7", "/users/{id:int} id=-7"),
        ("/users/9223372036854775807", "/users/{id:int} id=9223372036854775807"),
        ("/users/9223372036854775808", "/users/{name} name=9223372036854775808"),
        ("/users/x", "/users/{name} name=x"),
        ("/users/+7", "/users/{name} name=+7"), ("/users/7x", "/users/{name} name=7x"),
        ("/users/7/posts/8", "/users/{name}/posts/{post:int} name=7 post=8"),
        ("/users/me/posts/8", "/users/{name}/posts/{post:int} name=me post=8"),
        ("/users/me/posts", "/users/me/posts"),
        ("/users/me/posts/x", "not found"), ("/users/x/posts", "not found"),
        ("/files/special", "/files/special"), ("/files/special/more", "/files/{path...} path=special/more"),
        ("/files/", "/files/{path...} path="), ("/files/a/", "/files/{path...} path=a/"),
        ("/files", "not found"),
        ("/nowhere", "not found"), ("/USERS", "not found"),
    ]) func `fixed parts go before integers, those before texts, and texts before rests`(
        path: String, found: String
    ) {
        #expect(Self.find(.get, path) == found)
    }

    @Test(arguments: [
        ("/users/%6De", "/users/me"), ("/users/a%2Fb", "/users/{name} name=a/b"),
        ("/users/%37", "/users/{id:int} id=7"),
        ("/users/%E2%82%AC", "/users/{name} name=€"), ("/users/a%20b", "/users/{name} name=a b"),
        ("/users/a%252Fb", "/users/{name} name=a%2Fb"), ("/a%20b", "/a b"),
        ("/files/a%20b/c", "/files/{path...} path=a b/c"),
    ]) func `each part is decoded on its own`(path: String, found: String) {
        #expect(Self.find(.get, path) == found)
    }

    @Test(arguments: [
        ("//", "not found"), ("/users/", "not found"), ("//users", "not found"), ("/users//me", "not found"),
        ("/files//etc/passwd", "not found"), ("/files/a//b", "not found"), ("/files/a%2Fb", "not found"),
        ("/files/..%2F..%2Fetc", "not found"), ("/files/x/%2Fetc", "not found"),
        ("/users/..", "malformed"), ("/users/.", "malformed"), ("/users/%2e%2E", "malformed"),
        ("/files/a/../b", "malformed"),
        ("/files/...", "/files/{path...} path=..."), ("/users/%zz", "malformed"), ("/users/%0", "malformed"),
        ("/users/a%00b", "malformed"), ("/users/%FF", "malformed"), ("/files/%C0%AE%C0%AE/x", "malformed"),
        ("", "malformed"), ("users", "malformed"), ("*", "malformed"), ("http://a/users", "malformed"),
    ]) func `a path that could mean another one leads nowhere`(path: String, found: String) {
        #expect(Self.find(.get, path) == found)
    }

    @Test(arguments: [
        (HTTPMethod.head, "/users", "/users"), (.head, "/users/x", "/users/{name} name=x"),
        (.put, "/users", "methods GET,POST,HEAD"), (.post, "/users/x", "methods GET,DELETE,HEAD"),
        (.post, "/users/7", "methods GET,HEAD"), (.delete, "/users/me", "methods GET,HEAD"),
        (.options, "/", "methods GET,HEAD"),
        (HTTPMethod("get"), "/users", "methods GET,POST,HEAD"), (.post, "/nowhere", "not found"),
    ]) func `a path that is there names its methods`(method: HTTPMethod, path: String, found: String) {
        #expect(
            Self.find(method, path).replacing("OPTIONS,", with: "").replacing(",OPTIONS", with: "") == found)
    }

    @Test func `a path of very many parts is looked up in time`() {
        #expect(Self.find(.get, String(repeating: "/users", count: 100_000)) == "not found")
        let deep = "/files" + String(repeating: "/a", count: 100_000)
        #expect(Self.find(.get, deep).hasPrefix("/files/{path...}"))
    }

    @Test func `two routes of the same shape stop the program`() async {
        await #expect(processExitsWith: .failure) {
            _ = Router([
                Route(.get, "/a/{one}", .open) { _ in Response() },
                Route(.get, "/a/{two}", .open) { _ in Response() },
            ])
        }
    }

    @Test func `patterns that cannot be read stop the program`() async {
        await #expect(processExitsWith: .failure) { _ = PathPattern("no-slash") }
        await #expect(processExitsWith: .failure) { _ = PathPattern("/a//b") }
        await #expect(processExitsWith: .failure) { _ = PathPattern("/{half") }
        await #expect(processExitsWith: .failure) { _ = PathPattern("/{a:float}") }
        await #expect(processExitsWith: .failure) { _ = PathPattern("/{rest...}/more") }
    }

    @Test func `a pattern tells its names`() {
        #expect(PathPattern("/a/{b}/{c:int}/{d...}").names == ["b", "c", "d"])
        #expect(PathPattern("/").parts.isEmpty)
    }

    @Test(arguments: [
        ("a%20b", "a b"), ("%41%62", "Ab"), ("a+b", "a+b"), ("", ""), ("%", nil), ("%4", nil), ("%4g", nil),
        ("%00", nil),
        ("a\u{0}", nil), ("%25", "%"), ("%2541", "%41"),
    ]) func `percent signs are decoded or refused`(text: String, decoded: String?) {
        #expect(PercentEncoding.decode(Bytes(text))?.text == decoded)
    }
}
