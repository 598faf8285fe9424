/// The shape of a JSON value, as the API document describes it.
public indirect enum Schema: Sendable, Hashable {
    case string(format: String? = nil, values: [String] = [])
    case integer
    case number
    case boolean
    case array(Schema)
    /// Properties in order; those not named in `optional` are always there.
    case object([Property])
    /// An object whose property names are not known beforehand.
    case map(Schema)
    case nullable(Schema)
    /// A schema of the document's components, by name.
    case named(String, Schema)
    case anything

    /// A property of an object.
    public struct Property: Sendable, Hashable {
        /// Its name in the object.
        public var name: String
        /// The shape of its value.
        public var schema: Schema
        /// What it means, in words.
        public var description: String
        /// Whether it is always there.
        public var isRequired: Bool

        /// A property; required unless said otherwise.
        public init(_ name: String, _ schema: Schema, _ description: String = "", isRequired: Bool = true) {
            self.name = name
            self.schema = schema
            self.description = description
            self.isRequired = isRequired
        }
    }
}
