/* In place of Zephyr's: the interface of a UART driver, as far as the example's driver and firmware use it. */
#ifndef ZEPHYR_DRIVERS_UART_H
#define ZEPHYR_DRIVERS_UART_H

#include <zephyr/device.h>

enum uart_rx_stop_reason {
    UART_ERROR_OVERRUN = BIT(0),
    UART_ERROR_PARITY = BIT(1),
    UART_ERROR_FRAMING = BIT(2),
    UART_BREAK = BIT(3),
};

enum uart_config_parity {
    UART_CFG_PARITY_NONE,
    UART_CFG_PARITY_ODD,
    UART_CFG_PARITY_EVEN,
    UART_CFG_PARITY_MARK,
    UART_CFG_PARITY_SPACE,
};

enum uart_config_stop_bits {
    UART_CFG_STOP_BITS_0_5,
    UART_CFG_STOP_BITS_1,
    UART_CFG_STOP_BITS_1_5,
    UART_CFG_STOP_BITS_2,
};

enum uart_config_data_bits {
    UART_CFG_DATA_BITS_5,
    UART_CFG_DATA_BITS_6,
    UART_CFG_DATA_BITS_7,
    UART_CFG_DATA_BITS_8,
    UART_CFG_DATA_BITS_9,
};

enum uart_config_flow_control {
    UART_CFG_FLOW_CTRL_NONE,
    UART_CFG_FLOW_CTRL_RTS_CTS,
    UART_CFG_FLOW_CTRL_DTR_DSR,
    UART_CFG_FLOW_CTRL_RS485,
};

struct uart_config {
    uint32_t baudrate;
    uint8_t parity;
    uint8_t stop_bits;
    uint8_t data_bits;
    uint8_t flow_ctrl;
};

typedef void (*uart_irq_callback_user_data_t)(const struct device *dev, void *user_data);

struct uart_driver_api {
    int (*poll_in)(const struct device *dev, unsigned char *byte);
    void (*poll_out)(const struct device *dev, unsigned char byte);
    int (*err_check)(const struct device *dev);
    int (*configure)(const struct device *dev, const struct uart_config *config);
    int (*config_get)(const struct device *dev, struct uart_config *config);
    int (*fifo_fill)(const struct device *dev, const uint8_t *bytes, int count);
    int (*fifo_read)(const struct device *dev, uint8_t *out, const int capacity);
    void (*irq_tx_enable)(const struct device *dev);
    void (*irq_tx_disable)(const struct device *dev);
    int (*irq_tx_ready)(const struct device *dev);
    void (*irq_rx_enable)(const struct device *dev);
    void (*irq_rx_disable)(const struct device *dev);
    int (*irq_tx_complete)(const struct device *dev);
    int (*irq_rx_ready)(const struct device *dev);
    int (*irq_is_pending)(const struct device *dev);
    int (*irq_update)(const struct device *dev);
    void (*irq_callback_set)(const struct device *dev, uart_irq_callback_user_data_t callback, void *user_data);
};

#endif
