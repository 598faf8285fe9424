import Base
import Glibc
import Reactor
import Store

/// Whether the database can be reached, is of this program's schema, and is undamaged.
enum DatabaseCheck {
    static func findings(_ configuration: Configuration) async -> [Finding] {
        if case .sqlite(let path) = configuration.databaseInUse, FileSystem.status(of: path).1 == ENOENT {
            return [.good("database", "\(path) will be made")]
        }
        do {
            return try await withDatabase(configuration) { database in
                let steps = try await Migrator(database, Schema.steps).status()
                let missing = steps.filter { $0.appliedAt == nil }.count
                var findings = [
                    missing == 0
                        ? Finding.good("database", "its schema is at step \(steps.count)")
                        : .good("database", "\(missing) steps of its schema will be made at the next start")
                ]
                let damage = try await database.checkIntegrity()
                findings += damage.prefix(5).map {
                    .failure(
                        "database", $0, do: "stop the server, keep a copy of the file, and restore a backup")
                }
                if damage.isEmpty { findings.append(.good("database", "no damage was found")) }
                return findings
            }
        } catch let error as StoreError where error.code == .newer {
            return [.failure("database", error.message, do: "use a later program, or restore a backup")]
        } catch {
            return [
                .failure(
                    "database", "\(error)", do: "see whether it runs, and set DATABASE_URL or HELIOGRAPH_DATA"
                )
            ]
        }
    }
}
