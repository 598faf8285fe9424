internal import Store

/// Many rows on their way into a table: `INSERT … SELECT * FROM unnest(…)`, one array a column.
struct InsertBatch {
    let text: String
    let types: [PostgresType]
    let rowCount: Int
    private let columns: [Column]

    /// One statement carries no more, so that memory stays bounded and the server can begin to work.
    private static let rowsMax = 8192
    private static let bytesMax = 1 << 20

    init(_ table: SQL, _ columns: [Column]) throws(StoreError) {
        rowCount = columns.first?.values.count ?? 0
        self.columns = columns
        guard columns.allSatisfy({ [rowCount] in $0.values.count == rowCount }) else {
            throw StoreError(.misuse, "the columns of an insert have different numbers of values")
        }
        var types: [PostgresType] = []
        var names: [String] = []
        var arrays: [String] = []
        for (index, column) in columns.enumerated() {
            let (type, name) = Self.array(column.values)
            types.append(type)
            names.append(column.name.text(.postgres))
            arrays.append("$\(index + 1)::\(name)[]")
        }
        self.types = types
        text = """
            INSERT INTO \(table.text(.postgres)) (\(names.joined(separator: ", "))) \
            SELECT * FROM unnest(\(arrays.joined(separator: ", ")))
            """
    }

    var isEmpty: Bool { rowCount == 0 }

    /// Where the statement that begins with a row ends.
    func end(from start: Int) -> Int {
        var row = start
        var bytes = 0
        while row < rowCount, row - start < Self.rowsMax, bytes < Self.bytesMax {
            for column in columns {
                switch column.values {
                case .integers, .reals: bytes += 12
                case .texts(let values): bytes += 4 + (values[row]?.utf8.count ?? 0)
                case .bytes(let values): bytes += 4 + (values[row]?.count ?? 0)
                }
            }
            row += 1
        }
        return row
    }

    /// Puts some of the rows into the parameters.
    func encode(_ rows: Range<Int>, into parameters: ParameterBuffer) throws(StoreError) {
        parameters.removeAll()
        do throws(StoreError) {
            for column in columns { try parameters.append(column.values, rows: rows) }
        } catch {
            parameters.removeAll()
            throw error
        }
    }

    private static func array(_ values: Column.Values) -> (PostgresType, String) {
        switch values {
        case .integers: (.int8Array, "bigint")
        case .reals: (.float8Array, "double precision")
        case .texts: (.textArray, "text")
        case .bytes: (.byteaArray, "bytea")
        }
    }
}
