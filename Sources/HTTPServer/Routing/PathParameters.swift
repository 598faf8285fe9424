import Base

/// The named parts of a path, as the router found them.
public struct PathParameters: Sendable {
    private var names: [String] = []
    private var values: [Bytes] = []

    /// No parameters.
    public init() {}

    init(_ names: [String], _ values: [Bytes]) {
        self.names = names
        self.values = values
    }

    /// The decoded text of a part; empty where the pattern has no such part, which is a bug of the route.
    public subscript(name: String) -> String { bytes(name)?.text ?? "" }

    /// A part whose kind in the pattern is `int`.
    public func integer(_ name: String) -> Int64 { Int64(self[name]) ?? 0 }

    private func bytes(_ name: String) -> Bytes? { names.firstIndex(of: name).map { values[$0] } }
}
