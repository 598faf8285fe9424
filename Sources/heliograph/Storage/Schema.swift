import BotFacade
import Bots
import Chats
import Identity
import Kernel
import Sending
import Store

/// The whole schema: the steps of all rooms in one order.
enum Schema {
    static let steps: [Migration] = [
        LogSchema.migration, VaultSchema.migration(2), IdentitySchema.migration(3), AuditSchema.migration(4),
        BotsSchema.migration(5), ChatsSchema.migration(6), FacadeSchema.migration(7),
        SendingSchema.migration(8), SendingSchema.bodies(9),
    ]
}
