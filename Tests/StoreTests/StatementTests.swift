import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct StatementTests {
    @Test(arguments: Backend.allCases) func `execute says how many rows it changed`(backend: Backend)
        async throws
    {
        try await withItems(backend) { database in
            let counts = try await database.write { transaction in
                [
                    try await transaction.execute("INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b')"),
                    try await transaction.execute("UPDATE items SET name = $1", ["c"]),
                    try await transaction.execute("DELETE FROM items WHERE id = $1", [1]),
                    try await transaction.execute("DELETE FROM items WHERE id = $1", [1]),
                    try await transaction.execute("CREATE TABLE others (id BIGINT)"),
                ]
            }
            #expect(counts == [2, 2, 1, 0, 0])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a parameter may stand anywhere and more than once`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await database.write { transaction in
                for id in 1...5 { try await Items.add(id, "n\(id)", in: transaction) }
            }
            let names = try await database.read { transaction in
                try await transaction.all(
                    "SELECT name FROM items WHERE id > $2 AND id < $1 AND id <> $3 AND $2 < id ORDER BY id",
                    [5, 1, 3]
                ) { try $0.text(0) }
            }
            #expect(names == ["n2", "n4"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a row is found by a list`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let edges: [Int64] = [.min, -1, 0, 1, .max]
            let names = ["a\"b", "c\\d", "e\u{1}f", "żółć", ""]
            try await database.write { transaction in
                try await transaction.insert(
                    into: "items", [Column("id", .integers(edges)), Column("name", .texts(names))])
            }
            func count(_ condition: SQL, _ value: Value) async throws -> Int64? {
                try await database.read { transaction in
                    try await transaction.first("SELECT count(*) FROM items WHERE " + condition, [value]) {
                        try $0.integer(0)
                    }
                }
            }
            #expect(try await count("id" + .isAmong(1), .integers(edges)) == 5)
            #expect(try await count("id" + .isAmong(1), .integers([1, 2])) == 1)
            #expect(try await count("id" + .isAmong(1), .integers([])) == 0)
            #expect(try await count("name" + .isAmong(1), .texts(names)) == 5)
            #expect(try await count("name" + .isAmong(1), .texts(["", "x"])) == 1)
            #expect(try await count("name" + .isAmong(1), .texts([])) == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `ten thousand rows are inserted column by column`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await database.write { transaction in
                try await transaction.insert(
                    into: "items",
                    [
                        Column("id", .integers((0..<10_000).map { $0 })),
                        Column("name", .texts((0..<10_000).map { "name \($0)" })),
                    ])
            }
            #expect(try await Items.count(in: database) == 10_000)
            let last = try await database.read { transaction in
                try await transaction.first("SELECT name FROM items WHERE id = $1", [9_999]) {
                    try $0.text(0)
                }
            }
            #expect(last == "name 9999")
        }
    }

    @Test(arguments: Backend.allCases)
    func `an insert of no rows does nothing`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await database.write { transaction in
                try await transaction.insert(
                    into: "items", [Column("id", .integers([])), Column("name", .texts([]))])
                try await transaction.insert(into: "items", [])
            }
            #expect(try await Items.count(in: database) == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a table, a name and a column are quoted`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            let table = SQL(identifier: "odd \"name\"")
            try await database.write { transaction in
                try await transaction.execute(
                    "CREATE TABLE " + table + " (" + SQL(identifier: "select") + " BIGINT)")
                try await transaction.insert(into: table, [Column(SQL(identifier: "select"), .integers([7]))])
            }
            let found = try await database.read { transaction in
                try await transaction.first("SELECT * FROM " + table) { try $0.integer(0) }
            }
            #expect(found == 7)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a statement may return what it changed`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let ids = try await database.write { transaction in
                try await transaction.all(
                    "INSERT INTO items (id, name) VALUES ($1, 'a'), ($2, 'b') RETURNING id", [3, 4]
                ) { try $0.integer(0) }
            }
            #expect(ids == [3, 4])
            #expect(try await Items.ids(in: database) == [3, 4])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a statement sees a change of the schema`(backend: Backend) async throws {
        try await withItems(backend) { database in
            func columns() async throws -> Int? {
                try await database.read { try await $0.first("SELECT * FROM items", []) { $0.columnCount } }
            }
            try await Items.add(1, to: database)
            #expect(try await columns() == 2)
            try await database.write { try await $0.execute("ALTER TABLE items ADD COLUMN more TEXT") }
            #expect(try await columns() == 3)
        }
    }
}
