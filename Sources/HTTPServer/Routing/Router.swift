package import Base
package import Wire

/// Finds the route of a request by its method and path.
///
/// Fixed parts go before those that begin with something fixed, these before integers, integers before texts, texts before rests. Paths are compared byte by byte
/// after each part was decoded on its own, so that `%2F` never makes a new part.
public struct Router: Sendable {
    /// What looking a path up came to.
    package enum Match {
        /// The route's place in `routes`, and the values of its names.
        case found(Int, PathParameters)
        /// The path is there, the method is not.
        case otherMethods([HTTPMethod])
        /// No path of these routes.
        case notFound
        /// A path that no route could ever have.
        case malformed(String)
    }

    private struct Node: Sendable {
        var fixed: [(name: Bytes, node: Int)] = []
        var prefixed: [(prefix: Bytes, node: Int)] = []
        var integer: Int?
        var text: Int?
        var rest: Int?
        var routes: [(method: HTTPMethod, route: Int)] = []
    }

    /// All routes, in the order in which they were declared.
    public let routes: [Route]
    private var nodes = [Node()]
    /// The nodes of paths without parameters, which are most of those that are asked for.
    private var fixedPaths: [Bytes: Int] = [:]

    /// Two routes of the same method and shape are a bug of the program, found when it starts.
    public init(_ routes: [Route]) {
        self.routes = routes
        for (index, route) in routes.enumerated() { insert(route, index) }
    }

    private mutating func insert(_ route: Route, _ index: Int) {
        var node = 0
        for part in route.pattern.parts { node = child(of: node, part) }
        precondition(
            !nodes[node].routes.contains { $0.method == route.method },
            "\(route.method) \(route.pattern.text) is declared twice")
        nodes[node].routes.append((route.method, index))
        if route.pattern.names.isEmpty { fixedPaths[Bytes(route.pattern.text)] = node }
    }

    private mutating func child(of parent: Int, _ part: PathPattern.Part) -> Int {
        let node = nodes[parent]
        let existing: Int? =
            switch part {
            case .fixed(let name): node.fixed.first { $0.name == name }?.node
            case .prefixed(let prefix, _): node.prefixed.first { $0.prefix == prefix }?.node
            case .integer: node.integer
            case .text: node.text
            case .rest: node.rest
            }
        if let existing { return existing }
        let new = nodes.count
        nodes.append(Node())
        switch part {
        case .fixed(let name): nodes[parent].fixed.append((name, new))
        case .prefixed(let prefix, _): nodes[parent].prefixed.append((prefix, new))
        case .integer: nodes[parent].integer = new
        case .text: nodes[parent].text = new
        case .rest: nodes[parent].rest = new
        }
        return new
    }

    /// Looks up the path of a request, as it came.
    package func match(_ method: HTTPMethod, _ path: Bytes) -> Match {
        if let node = fixedPaths[path] { return choose(method, nodes[node].routes, []) }
        return matchParts(method, path)
    }

    private func matchParts(_ method: HTTPMethod, _ path: Bytes) -> Match {
        if path == "*", method == .options { return .otherMethods([.options]) }
        guard let first = path.first, first == UInt8(ascii: "/") else {
            return .malformed("The path must begin with /")
        }
        var parts: [Bytes] = []
        parts.reserveCapacity(8)
        var isBroken = false
        var start = 1
        while start <= path.count {
            let rest = path[start...]
            let raw = rest.firstIndex(of: UInt8(ascii: "/")).map { rest[..<$0] } ?? rest
            guard let part = PercentEncoding.decode(raw) else {
                return .malformed("The path is not encoded correctly")
            }
            // Whoever sends these hopes that somebody behind us resolves them.
            guard part != "..", part != "." else { return .malformed("The path has dot segments") }
            start += raw.count + 1
            if part.isEmpty, start <= path.count { isBroken = true }
            parts.append(part)
        }
        // Whoever joins the parts again would make another path of an empty one.
        guard !isBroken else { return .notFound }
        if path.count == 1 { parts = [] }
        var values: [Bytes] = []
        guard let node = find(0, parts[...], &values) else { return .notFound }
        guard values.allSatisfy(Self.isText) else { return .malformed("The path is not valid UTF-8") }
        return choose(method, nodes[node].routes, values)
    }

    private func choose(
        _ method: HTTPMethod, _ candidates: [(method: HTTPMethod, route: Int)], _ values: [Bytes]
    ) -> Match {
        let wanted =
            candidates.first { $0.method == method }
            ?? candidates.first { method == .head && $0.method == .get }
        guard let wanted else {
            let methods = candidates.map(\.method)
            return .otherMethods(
                methods + (methods.contains(.get) && !methods.contains(.head) ? [.head] : []))
        }
        let parameters =
            values.isEmpty ? PathParameters() : PathParameters(routes[wanted.route].pattern.names, values)
        return .found(wanted.route, parameters)
    }

    private func find(_ node: Int, _ parts: ArraySlice<Bytes>, _ values: inout [Bytes]) -> Int? {
        guard let part = parts.first else { return nodes[node].routes.isEmpty ? nil : node }
        let rest = parts.dropFirst()
        if let next = nodes[node].fixed.first(where: { $0.name == part })?.node,
            let found = find(next, rest, &values)
        {
            return found
        }
        for (prefix, next) in nodes[node].prefixed
        where part.count > prefix.count && part.starts(with: prefix) {
            if let found = find(next, rest, part[prefix.count..<part.count], &values) { return found }
        }
        if !part.isEmpty {
            if let next = nodes[node].integer, isInteger(part), let found = find(next, rest, part, &values) {
                return found
            }
            if let next = nodes[node].text, let found = find(next, rest, part, &values) { return found }
        }
        // An encoded slash would become a real one, and what stands around it another path.
        guard let next = nodes[node].rest, !nodes[next].routes.isEmpty,
            !parts.contains(where: { $0.contains(UInt8(ascii: "/")) })
        else { return nil }
        values.append(Bytes(Array(parts.joined(separator: [UInt8(ascii: "/")]))))
        return next
    }

    /// Goes on below a parameter, whose value is `part`.
    private func find(_ node: Int, _ parts: ArraySlice<Bytes>, _ part: Bytes, _ values: inout [Bytes]) -> Int?
    {
        values.append(part)
        if let found = find(node, parts, &values) { return found }
        values.removeLast()
        return nil
    }

    private func isInteger(_ part: Bytes) -> Bool {
        guard part.count <= 20, let first = part.first,
            first == UInt8(ascii: "-") || Self.isDigit(first)
        else { return false }
        return part.dropFirst().allSatisfy(Self.isDigit) && part.text.flatMap { Int64($0) } != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    /// Whether that is UTF-8, as nearly all values of paths are at the first glance.
    private static func isText(_ bytes: Bytes) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || bytes.text != nil
    }
}
