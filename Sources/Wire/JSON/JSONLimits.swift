/// What a JSON input may be at most.
public struct JSONLimits: Sendable, Equatable {
    /// The longest input, in bytes.
    public var bytesMax: Int
    /// The most containers within each other; an empty container inside the last of them is let through.
    public var depthMax: Int

    /// The deepest nesting that can be asked for; readers and writers may recurse that deep.
    public static let depthCeiling = 1024

    /// Limits of 16 MiB and 64 levels unless told otherwise; the depth is held to `depthCeiling`.
    public init(bytesMax: Int = 16 << 20, depthMax: Int = 64) {
        self.bytesMax = max(0, bytesMax)
        self.depthMax = min(max(1, depthMax), Self.depthCeiling)
    }
}
