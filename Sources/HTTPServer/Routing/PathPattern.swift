public import Base

/// The path of a route: fixed parts, `{name}`, `{name:int}`, `fixed{name}`, and `{name...}` for all that is left.
public struct PathPattern: Sendable, Hashable {
    /// One part between slashes.
    public enum Part: Sendable, Hashable {
        case fixed(Bytes)
        case text(String)
        /// A text behind a fixed beginning.
        case prefixed(Bytes, String)
        case integer(String)
        case rest(String)
    }

    /// The pattern as it was written.
    public let text: String
    /// The parts between the slashes, in order.
    public let parts: [Part]

    /// Reads a pattern.
    ///
    /// A pattern that cannot be read is a bug of the program, found when it starts.
    public init(_ text: String) {
        precondition(text.hasPrefix("/"), "a path begins with a slash: \(text)")
        self.text = text
        parts =
            text == "/"
            ? [] : text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(Self.part)
        let rests = parts.dropLast().filter { if case .rest = $0 { true } else { false } }
        precondition(rests.isEmpty, "what follows the rest of a path is never reached: \(text)")
    }

    private static func part(_ text: Substring) -> Part {
        if let brace = text.firstIndex(of: "{"), brace != text.startIndex, text.hasSuffix("}") {
            let name = text[text.index(after: brace)...].dropLast()
            precondition(!name.contains { ":{.".contains($0) }, "unknown kind of parameter: \(text)")
            return .prefixed(Bytes(text[..<brace]), String(name))
        }
        guard text.hasPrefix("{"), text.hasSuffix("}") else {
            precondition(
                !text.isEmpty && !text.contains("{"), "a part of a path is empty or half a name: \(text)")
            return .fixed(Bytes(text))
        }
        let name = text.dropFirst().dropLast()
        if name.hasSuffix("...") { return .rest(String(name.dropLast(3))) }
        if name.hasSuffix(":int") { return .integer(String(name.dropLast(4))) }
        precondition(!name.contains(":"), "unknown kind of parameter: \(text)")
        return .text(String(name))
    }

    /// The names of the parameters, in order.
    public var names: [String] {
        parts.compactMap {
            switch $0 {
            case .fixed: nil
            case .text(let name), .integer(let name), .rest(let name), .prefixed(_, let name): name
            }
        }
    }
}
