/// Something that a caller may be allowed to do, such as `bots.manage`.
public struct Permission: RawRepresentable, Sendable, Hashable {
    /// The name on the wire.
    public let rawValue: String
    /// A permission by its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// A permission by its name.
    public init(_ name: String) { rawValue = name }
}
