import BotFacade
import Bots
import Identity
import Kernel

/// Every column that holds what the vault has sealed, so that rotating keys misses none.
enum VaultColumns {
    static let all: [SealedColumn] = Identity.sealedColumns + Bots.sealedColumns + BotFacade.sealedColumns
}
