import Base
import HTTPServer
import Wire

private let router = Router(
    [
        "/", "/users", "/users/me", "/users/{id:int}", "/users/{name}", "/users/{name}/posts/{post:int}",
        "/users/me/posts", "/files/{path...}", "/files/special", "/bot{token}/{method}",
        "/bot{token}/{number:int}",
    ].map { Route(.get, $0, .open) { _ in Response() } })

/// A path: how its bytes are encoded makes no other route of it, and what stands for a number is one.
@Sendable func fuzzRouter(_ path: Bytes) {
    guard let (pattern, values) = found(path) else { return }
    for (name, value) in zip(pattern.names, values) where pattern.parts.contains(.integer(name)) {
        expect(Int64(value) != nil, "\(name) is a number: \(value)")
    }
    guard let other = found(encoded(path)) else {
        return expect(false, "the path is also found when it is encoded")
    }
    expect(other.pattern == pattern && other.values == values, "encoding makes no other path: \(path)")
}

private func found(_ path: Bytes) -> (pattern: PathPattern, values: [String])? {
    guard case .found(let index, let parameters) = router.match(.get, path) else { return nil }
    let pattern = router.routes[index].pattern
    return (pattern, pattern.names.map { parameters[$0] })
}

/// The same path with every byte but the slashes as `%XX`.
private func encoded(_ path: Bytes) -> Bytes {
    var output: [UInt8] = []
    for (place, part) in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        .enumerated()
    {
        if place > 0 { output.append(UInt8(ascii: "/")) }
        for byte in PercentEncoding.decode(part) ?? part {
            output += Array("%\(Hex.encode(Bytes([byte])))".utf8)
        }
    }
    return Bytes(output)
}
