public import HTTPServer
public import Wire

extension Schema: JSONWritable {
    /// Writes the schema in JSON Schema's form, which is that of OpenAPI 3.1.
    public func write(to writer: inout JSONWriter) {
        writer.object { writeMembers(to: &$0, description: "") }
    }

    /// Writes the schema's members into an object that is open.
    func writeMembers(to writer: inout JSONWriter, description: String) {
        switch self {
        case .string(let format, let values):
            writer.field("type", "string")
            if let format { writer.field("format", format) }
            if !values.isEmpty { writer.field("enum", values) }
        case .integer:
            writer.field("type", "integer")
            writer.field("format", "int64")
        case .number: writer.field("type", "number")
        case .boolean: writer.field("type", "boolean")
        case .array(let element):
            writer.field("type", "array")
            writer.field("items", element)
        case .object(let properties): Self.write(properties, to: &writer)
        case .map(let value):
            writer.field("type", "object")
            writer.field("additionalProperties", value)
        case .nullable(let schema):
            writer.key("anyOf")
            writer.array {
                $0.value(schema)
                $0.object { $0.field("type", "null") }
            }
        case .named(let name, _): writer.field("$ref", "#/components/schemas/\(name)")
        case .anything: break
        }
        if !description.isEmpty { writer.field("description", description) }
    }

    private static func write(_ properties: [Property], to writer: inout JSONWriter) {
        writer.field("type", "object")
        writer.key("properties")
        writer.object {
            for property in properties {
                $0.key(property.name)
                $0.object { property.schema.writeMembers(to: &$0, description: property.description) }
            }
        }
        let required = properties.filter(\.isRequired).map(\.name)
        if !required.isEmpty { writer.field("required", required) }
    }

    /// Collects the named schemas within this one, inner ones first.
    ///
    /// One name for two shapes is a bug of the program.
    func collectNamed(into found: inout [(name: String, schema: Schema)]) {
        switch self {
        case .string, .integer, .number, .boolean, .anything: break
        case .array(let inner), .map(let inner), .nullable(let inner): inner.collectNamed(into: &found)
        case .object(let properties):
            for property in properties { property.schema.collectNamed(into: &found) }
        case .named(let name, let inner):
            if let known = found.first(where: { $0.name == name }) {
                precondition(known.schema == inner, "two schemas are called \(name)")
                return
            }
            inner.collectNamed(into: &found)
            found.append((name, inner))
        }
    }
}
